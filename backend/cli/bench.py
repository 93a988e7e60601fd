"""`stylesketch bench`: measures how fast and how well this machine draws."""

from __future__ import annotations

import argparse
from pathlib import Path

from stylesketch_ext.wire.messages import SketchSettings

from backend.cli.arguments import Commands, add_command, places


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "bench", run, "Measure how fast and how well this machine draws.")
    command.add_argument(
        "what",
        choices=("raster", "step", "sketch", "scene"),
        help="raster: speed and exactness; step: a whole fit, quiet and busy, and a step of guidance; "
        "sketch: whole drawings, stage by stage; scene: a matrix of a scene",
    )
    command.add_argument(
        "images", metavar="IMAGE", type=Path, nargs="*", help="photographs for sketch and scene (default: bundled)"
    )
    command.add_argument("--seconds", type=float, default=1.0, metavar="S", help="time per engine and row (default 1)")
    command.add_argument("--quick", action="store_true", help="only 16 and 64 strokes at 224 px")


def run(arguments: argparse.Namespace) -> int:
    """Prints the tables."""
    if arguments.what == "sketch":
        return _sketch(arguments)
    if arguments.what == "scene":
        return _scene(arguments)
    from backend.cli import bench_fits, bench_tables

    bench_tables.print_head()
    if arguments.what == "raster":
        bench_tables.print_raster(arguments.quick, arguments.seconds)
    else:
        bench_fits.print_step()
        _card()
    return 0


def _card() -> None:
    """Whole fits on the graphics card, if there is one."""
    from backend.raster.cuda import cuda_engine, has_card

    if has_card():
        from backend.cli.bench_card import print_card

        print_card(cuda_engine())


def _scene(arguments: argparse.Namespace) -> int:
    from backend.cli.bench_scene import print_scene

    print_scene(arguments.images)
    return 0


def _sketch(arguments: argparse.Namespace) -> int:
    from backend.cli.bench_sketch import print_sketch
    from backend.model_pool import ModelPool
    from backend.style_library import load_pack

    pack = load_pack(SketchSettings.style, places(arguments).packs)
    print_sketch(arguments.images, pack, ModelPool.choose("cpu"))
    return 0
