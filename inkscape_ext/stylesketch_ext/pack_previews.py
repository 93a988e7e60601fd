"""The pictures of style packs, asked of the engine."""

import logging
from typing import Optional

from stylesketch_ext.client import BackendClient
from stylesketch_ext.failures import Refusal
from stylesketch_ext.wire.messages import StyleInfo

LOG = logging.getLogger(__name__)


def preview_of(client: BackendClient, pack: StyleInfo) -> Optional[bytes]:
    """A PNG; None where the pack has none that the engine can give: a placeholder is shown then."""
    if not pack.preview:
        return None
    try:
        return client.style_preview(pack.name)
    except Refusal as refusal:
        LOG.warning("no preview of %s: %s", pack.name, refusal)
        return None
