"""Training the word of a style: the frozen network denoises the exemplar, told nothing but the word (InST)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.diffusion.checkpoint import Networks
from backend.diffusion.conditions import PLACEHOLDER, encode_with_word
from backend.diffusion.style_embedding import LearnedStyle, StyleWord

STEPS = 6100
LEARNING_RATE = 1e-4


@dataclass(frozen=True)
class View:
    """An exemplar as the training sees it."""

    latents: Tensor  # [1, 4, h, w]
    embedded: Tensor  # [1, E], CLIP's


class StyleTraining:
    """A word in the making; its state after n steps depends on nothing but what it was made with and n."""

    def __init__(self, networks: Networks, views: Sequence[View], seed: int, learning_rate: float = LEARNING_RATE) -> None:
        self.step = 0
        self._networks, self._views, self._seed = networks, views, seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._word = StyleWord(views[0].embedded.shape[-1], networks.width)
        self._word.to(networks.device)
        self._optimizer = torch.optim.AdamW(self._word.parameters(), learning_rate)
        self._clear = networks.scheduler.alphas_cumprod.float()

    def run(self, until: int) -> Generator[float, None, None]:
        """Takes steps until so many are done in all; yields the loss of each."""
        with self._networks.using(self._networks.unet), self._networks.using(self._networks.text_encoder):
            while self.step < until:
                yield self._stepped()

    def learned(self) -> LearnedStyle:
        """The word as it is now."""
        word = StyleWord(self._views[0].embedded.shape[-1], self._networks.width)
        word.load_state_dict({name: value.detach().cpu() for name, value in self._word.state_dict().items()})
        word.eval().requires_grad_(False)
        exemplar = torch.cat([word(view.embedded.cpu().float()) for view in self._views]).mean(0, keepdim=True)
        return LearnedStyle(word, exemplar, self._networks.fingerprint, self._networks.name, self.step)

    def state(self) -> dict[str, Tensor]:
        """Everything that going on needs."""
        found = {f"word.{name}": value.detach().cpu() for name, value in self._word.state_dict().items()}
        for number, kept in self._optimizer.state_dict()["state"].items():
            found |= {f"optimizer.{number}.{name}": torch.as_tensor(value).cpu() for name, value in kept.items()}
        return found | {"step": torch.tensor(self.step)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Goes on from a state; KeyError, RuntimeError or ValueError where it is another training's."""
        self._word.load_state_dict({n.removeprefix("word."): v for n, v in state.items() if n.startswith("word.")})
        kept: dict[int, dict[str, Tensor]] = {}
        for name, value in state.items():
            if name.startswith("optimizer."):
                _, number, key = name.split(".", 2)
                kept.setdefault(int(number), {})[key] = value
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": kept})
        self.step = int(state["step"])

    def _stepped(self) -> float:
        """One step of AdamW on the loss of one noisy exemplar."""
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self.step)
        view = self._views[int(torch.randint(len(self._views), (), generator=generator))]
        time = int(torch.randint(len(self._clear), (), generator=generator))
        drawn = torch.randn(view.latents.shape, generator=generator).to(view.latents)
        clear = float(self._clear[time])
        noisy = clear**0.5 * view.latents + (1 - clear) ** 0.5 * drawn
        states = encode_with_word(self._networks, PLACEHOLDER, self._word(view.embedded.float(), generator))
        dtype = self._networks.memory.dtype
        found = self._networks.unet(noisy.to(dtype), time, encoder_hidden_states=states.to(dtype)).sample
        loss = F.mse_loss(found.float(), self._wanted(view.latents, drawn, clear).float())
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self.step += 1
        return loss.item()

    def _wanted(self, latents: Tensor, drawn: Tensor, clear: float) -> Tensor:
        """What the network should predict."""
        if self._networks.scheduler.config.prediction_type == "v_prediction":
            return clear**0.5 * drawn - (1 - clear) ** 0.5 * latents
        return drawn
