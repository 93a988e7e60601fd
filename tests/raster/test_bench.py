"""The tables of `stylesketch bench`, on tiny drawings; no timing is judged here."""

from __future__ import annotations

import argparse
import sys

import pytest
import torch

from backend.cli import bench, bench_fits, bench_tables
from backend.core.errors import Missing
from backend.raster import rasterize_culled, rasterize_reference
from backend.raster.native import NativeEngine

WHITE = torch.ones(3)


@pytest.fixture(autouse=True)
def engine(library, monkeypatch):
    made = NativeEngine(library, 1)
    before = torch.get_num_threads()
    monkeypatch.setattr(bench_tables, "native_engine", lambda: made)
    monkeypatch.setattr(bench_tables, "rasterizers", lambda: {"native": made, "culled": rasterize_culled})
    yield made
    torch.set_num_threads(before)


def test_diffvg_has_a_column_where_it_is(engine, monkeypatch):
    monkeypatch.setattr(bench_tables, "rasterizers", lambda: {"native": engine, "diffvg": rasterize_culled})
    columns = bench_tables.entries(engine)
    assert columns[-1].name == "diffvg"
    assert bench_tables.measure(columns[-1:], 24, 2, "short", 0.0)["diffvg"] > 0


def test_command_chooses_its_tables(monkeypatch):
    printed = []
    monkeypatch.setattr(bench_tables, "print_head", lambda: printed.append("head"))
    monkeypatch.setattr(bench_tables, "print_raster", lambda quick, seconds: printed.append((quick, seconds)))
    monkeypatch.setattr(bench_fits, "print_step", lambda: printed.append("step"))
    parser = argparse.ArgumentParser()
    bench.add(parser.add_subparsers())
    for line in (["bench", "raster", "--quick", "--seconds", "2"], ["bench", "step"]):
        arguments = parser.parse_args(line)
        assert arguments.run(arguments) == 0
    assert printed == ["head", (True, 2.0), "head", "step"]


def test_head_tells_engine_and_allocator(capsys):
    bench_tables.print_head()
    assert "allocator" in capsys.readouterr().out


def test_without_engine_there_is_nothing_to_measure(monkeypatch):
    monkeypatch.setattr(bench_tables, "native_engine", lambda: None)
    with pytest.raises(Missing, match="nothing to measure"):
        bench_tables.print_head()


def test_yardstick_draws_the_strokes():
    strokes = bench_tables.scene(8, 64, 0.6, 1.5)
    error = bench_tables.rasterize_brute(strokes, (64, 64), WHITE) - rasterize_reference(strokes, (64, 64), WHITE)
    assert error.square().mean() < 2e-3


def test_every_column_is_measured(engine):
    columns = bench_tables.entries(engine)
    times = bench_tables.measure(columns, 32, 4, "long", 0.0)
    assert list(times) == [column.name for column in columns]
    assert all(time > 0 for time in times.values())


def test_costly_columns_are_scaled_up(engine):
    costly = bench_tables.Entry("some", engine, 1, most_pairs=2 * 32 * 32)
    assert bench_tables._job(costly, 32, 8, "short", torch.rand(1, 3, 32, 32))[1] == 4.0


@pytest.mark.parametrize("with_cairo", [True, False])
def test_truth_is_close_to_the_engine(with_cairo, engine, monkeypatch):
    if with_cairo:
        pytest.importorskip("cairo")
    else:
        monkeypatch.setitem(sys.modules, "cairo", None)
    strokes = bench_tables.scene(4, 40, 0.6, 1.0)
    error = bench_tables.truth(strokes, (40, 40), 8) - engine(strokes, (40, 40), WHITE)[0]
    assert error.square().mean() < 2e-4


def test_gradient_table_has_a_row_for_every_functional(capsys):
    bench_tables.print_gradients(count=1, size=24, times=4)
    assert capsys.readouterr().out.count("radius") == 6


@pytest.mark.parametrize("fused", [True, False])
def test_fit_improves(engine, fused):
    start, end = (bench_fits.fit(engine, (3.3, 0.1), steps=steps, fused=engine if fused else None) for steps in (1, 60))
    assert end.error < 0.9 * start.error
    assert len(end.milliseconds) == 60
