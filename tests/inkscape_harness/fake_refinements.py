"""What the fake engine makes of sketches that are drawn on: free strokes go, and arcs of the ring come."""

from dataclasses import replace

from stylesketch_ext.wire.messages import DrawingData, RefineRequest, SketchRequest, SketchResult

ROUTES = {"/refinements": RefineRequest}
FIELDS = {RefineRequest: "refine"}


def told(engine, job, request):
    """Free strokes go, and others come; or some more come, or the last free ones go."""
    free = [stroke.id for stroke in request.strokes if not stroke.locked]
    count = (len(free) if request.redraw else 0) + request.more
    if count <= 0:
        return _less(job, request, free[count:])
    settings = replace(request.settings, strokes=count)
    drawn = engine.result(job, SketchRequest(request.image, settings, title=request.title))
    return replace(drawn, recipe="refine", settings=request.settings, removed=free if request.redraw else [])


def _less(job, request, removed):
    """No new strokes."""
    return SketchResult(
        drawing=DrawingData(*request.size, [], "0123abcd"), image=request.image, title=request.title, recipe="refine",
        settings=request.settings, style_title="Technical pen", guidance="classical", device="cpu", engine="fake",
        steps=0, version="0.0-fake", removed=removed, job=job,
    )  # fmt: skip
