"""What jobs there are, and how each kind is done."""

from __future__ import annotations

from pathlib import Path

from stylesketch_ext.wire.messages import (
    FeaturesRequest,
    MatrixRequest,
    ProgressEvent,
    PromptRequest,
    PullRequest,
    RefineRequest,
    RestyleRequest,
    SequenceRequest,
    SketchRequest,
    StyleRequest,
    TextureRequest,
)

from backend.daemon.capabilities import Capabilities
from backend.daemon.frames import FrameReady
from backend.daemon.images import Images
from backend.daemon.jobs import DOWNLOADS, Kind
from backend.daemon.models import Brought, Models
from backend.daemon.result_files import Pictured, Prompted, ResultFiles
from backend.daemon.rows import RowReady
from backend.daemon.styles import Extraction, Seeing, Styles
from backend.daemon.tasks import Tasks, mask_file, sequence_files


def job_kinds(tasks: Tasks, images: Images, styles: Styles, models: Models, results: ResultFiles) -> dict[type, Kind]:
    """For every type of request: the work of `tasks`, its inputs, and where its results go."""

    def keep_style(job: str, extraction: Extraction) -> None:
        results.keep_told(job, styles.made(extraction))

    def keep_features(job: str, seeing: Seeing) -> None:
        results.keep_told(job, styles.seen(seeing))

    def keep_pull(job: str, brought: Brought) -> None:
        results.keep_told(job, models.told(brought))

    def exemplar(request: TextureRequest | RestyleRequest) -> Path | None:
        return images.path(request.exemplar) if request.exemplar else None

    def restyling(request: RestyleRequest) -> tuple[object, ...]:
        mask = None if request.sketch is None else mask_file(request.sketch, images)
        return request, images.path(request.image), exemplar(request), mask, models.places

    def refining(request: RefineRequest) -> tuple[object, ...]:
        image = images.path(request.image) if request.image else None
        return request, image, styles.library.own, mask_file(request.settings, images)

    def check_restyling(known: Capabilities, request: RestyleRequest) -> None:
        known.check_device(request.device)
        if request.sketch is not None:
            known.check(SketchRequest(request.image, request.sketch))

    def keep_restyled(job: str, made: Pictured | Prompted) -> None:
        if isinstance(made, Prompted):
            results.keep_prompted(job, made)
        else:
            results.keep_pictures(job, made)

    def tell_row(job: str, event: ProgressEvent | RowReady) -> ProgressEvent:
        if not isinstance(event, RowReady):
            return event
        results.keep_row(job, event.told.rows, event.row)
        return event.told

    def tell_frame(job: str, event: ProgressEvent | FrameReady) -> ProgressEvent:
        if not isinstance(event, FrameReady):
            return event
        results.keep_frame(job, event.number, event.drawing)
        return event.told

    return {
        SketchRequest: Kind(
            task=tasks.draw,
            arguments=lambda request: (request, *tasks.arguments(request, images, styles.library.own)),
            keep=results.keep,
            check=Capabilities.check,
            device=lambda request: request.settings.device,
        ),
        MatrixRequest: Kind(
            task=tasks.draw_rows,
            arguments=lambda request: (request, *tasks.arguments(request.sketch, images, styles.library.own)),
            keep=results.keep_told,
            told=tell_row,
            check=lambda known, request: known.check(request.sketch),
            device=lambda request: request.sketch.settings.device,
        ),
        SequenceRequest: Kind(
            task=tasks.sequence,
            arguments=lambda request: (request, *sequence_files(request, images), models.places),
            keep=results.keep_sequence,
            told=tell_frame,
            check=lambda known, request: known.check_drawing(request.settings),
            device=lambda request: request.settings.device,
        ),
        RefineRequest: Kind(
            task=tasks.refine,
            arguments=refining,
            keep=results.keep,
            check=lambda known, request: known.check_drawing(request.settings),
            device=lambda request: request.settings.device,
        ),
        TextureRequest: Kind(
            task=tasks.texture,
            arguments=lambda request: (request, exemplar(request), models.places),
            keep=results.keep_pictures,
            check=lambda known, request: known.check_device(request.device),
            device=lambda request: request.device,
        ),
        RestyleRequest: Kind(
            task=tasks.restyle,
            arguments=restyling,
            keep=keep_restyled,
            check=check_restyling,
            device=lambda request: request.device,
        ),
        PromptRequest: Kind(
            task=tasks.prompt,
            arguments=lambda request: (request, models.places),
            keep=results.keep_prompted,
            check=lambda known, request: known.check_drawing(request.settings),
            device=lambda request: request.settings.device,
        ),
        StyleRequest: Kind(
            task=tasks.extract,
            arguments=lambda request: (request, [images.path(image) for image in request.images], models.places),
            keep=keep_style,
        ),
        FeaturesRequest: Kind(
            task=tasks.see,
            arguments=lambda request: (request, styles.library.own, models.places),
            keep=keep_features,
        ),
        PullRequest: Kind(
            task=tasks.pull,
            arguments=lambda request: (request.model, models.places, models.manifest),
            keep=keep_pull,
            lane=DOWNLOADS,
        ),
    }
