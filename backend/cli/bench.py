"""`stylesketch bench`: measures the rasterizers of this machine."""

from __future__ import annotations

import argparse

from backend.cli.arguments import Commands, add_command


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "bench", run, "Measure the rasterizers of this machine.")
    command.add_argument(
        "what", choices=("raster", "step"), help="raster: speed and exactness; step: a whole fit, quiet and busy"
    )
    command.add_argument("--seconds", type=float, default=1.0, metavar="S", help="time per engine and row (default 1)")
    command.add_argument("--quick", action="store_true", help="only 16 and 64 strokes at 224 px")


def run(arguments: argparse.Namespace) -> int:
    """Prints the tables."""
    from backend.cli import bench_tables

    bench_tables.print_head()
    if arguments.what == "raster":
        bench_tables.print_raster(arguments.quick, arguments.seconds)
    else:
        bench_tables.print_step()
    return 0
