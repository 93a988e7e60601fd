"""The networks' weights of the fake engine: entries that come and go."""

from dataclasses import replace

from stylesketch_ext.wire.messages import ModelInfo, PullResult


class FakeModels:
    """One that is here, one that can be had, one that the user has to bring, one in another program's folder."""

    def __init__(self):
        self.known = {
            model.name: model
            for model in (
                ModelInfo("squeezenet", "SqueezeNet 1.1", "light guidance", "BSD-3-Clause", True, 4_958_839),
                ModelInfo("clip_rn101", "CLIP RN101", "guidance by sense", "MIT (OpenAI)", False, 291_791_292, kept=30_000_000),
                ModelInfo(
                    "own",
                    "Own network",
                    "",
                    "none",
                    False,
                    pullable=False,
                    about="Nobody publishes it as one file.",
                    cure="`bring own FILE`",
                ),
                ModelInfo("sd15", "Stable Diffusion 1.5", "prompt", "CreativeML OpenRAIL-M", True),
            )
        }

    def all(self):
        return list(self.known.values())

    def pulled(self, job, request):
        self.known[request.model] = found = replace(self.known[request.model], here=True, kept=0)
        return PullResult(found, ["Its sha256 was noted."], job)

    def remove(self, name):
        self.known[name] = replace(self.known[name], here=False)
