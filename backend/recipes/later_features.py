"""Deep features for a style pack that was made where networks' weights were not: measured on the exemplars it keeps."""

from __future__ import annotations

from backend.core.errors import BadRequest, Missing
from backend.core.notes import wording
from backend.core.work import Progress, Work
from backend.model_pool import ModelPool
from backend.perception.photograph import decode
from backend.recipes.deep_features import encoders_here, features_by
from backend.style_features import Feature, kept_features, write_features
from backend.style_members import FEATURES, Pack

NO_WEIGHTS = wording("No network that could see the style is here. Bring one with: stylesketch models pull squeezenet")
NO_EXEMPLAR = wording("The style pack '{name}' keeps no exemplar to be seen. Make it anew with: stylesketch style extract")


def later_features(pack: Pack, pool: ModelPool) -> Work[bytes]:
    """The bytes of a features file: what every encoder that is here sees in the pack's exemplars, beside what it had of others.

    Raises Missing where no encoder's weights are here, BadRequest where the pack keeps no exemplar, BadImage.
    """
    names = encoders_here(pool)
    if not names:
        raise Missing(NO_WEIGHTS)
    if not pack.exemplars:
        raise BadRequest(NO_EXEMPLAR, name=pack.name)
    yield Progress("reading the exemplars", 0.0)
    pictures = [decode(data).pixels for data in pack.exemplars]
    found: dict[tuple[str, str], Feature] = dict(kept_features(pack.files.get(FEATURES, b"")))
    for number, name in enumerate(names):
        yield Progress("seeing the style", 0.1 + 0.9 * number / len(names))
        found.update(features_by(name, pictures, pool))
    return write_features(found)
