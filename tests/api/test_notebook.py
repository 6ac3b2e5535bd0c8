"""examples/notebook.ipynb runs in a kernel, and shows what a reader of the file sees."""

from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "notebook.ipynb"
CODE = (
    "from flowerablate.api.progress import Display\n"
    "from rich.console import Console\n"
    "with Display(Console(stderr=True)) as display:\n"
    "    display.study_started(3, 1)\n"
    "    display.preparing('packing <images>', 1, 2)\n"
    "    display.remarked('refused, for nothing differs')\n"
    "    display.preparing('packing <images>', 1, 2)\n"
    "    import time; time.sleep(0.3)\n"
    "    display.preparing('packing <images>', 1, 2)\n"
    "    display._cell.close = lambda progress: None\n"
)
"""Leaves the bars as they are while a run is under way."""


@pytest.fixture(autouse=True)
def one_thread_in_kernels(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def execute(cells, tmp_path):
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def html_of(outputs):
    return [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]


@pytest.mark.slow
def test_the_example_runs_and_has_the_outputs_that_are_kept(tmp_path):
    kept = nbformat.read(NOTEBOOK, as_version=4)
    outputs = execute(nbformat.read(NOTEBOOK, as_version=4).cells, tmp_path)
    cells = [cell for cell in kept.cells if cell.cell_type == "code"]
    for cell, found in zip(cells, outputs, strict=True):
        assert [output.output_type for output in found] == [output.output_type for output in cell.outputs], cell.source
    plan, run, table = outputs[:3]
    assert "12 trials, 12 to run" in plan[0].data["text/plain"]
    (progress,) = html_of(run)
    assert "12 of 12 done" in progress
    (shown,) = html_of(table)
    assert '<table class="ablation">' in shown
    assert "-morphology" in table[0].data["text/plain"]
    assert (tmp_path / "table.tex").read_text().startswith("%")
    assert NOTEBOOK.stat().st_size < 20_000


def test_the_bars_of_a_notebook_are_one_output_and_remarks_are_kept(tmp_path):
    (outputs,) = execute([nbformat.v4.new_code_cell(CODE)], tmp_path)
    (bars,) = html_of(outputs)
    assert '<progress value="1" max="3"></progress> 1/3 study' in bars
    assert "packing &lt;images&gt;" in bars
    assert "1 of 3 trials are finished already" in bars
    remarks = [output.text for output in outputs if output.output_type == "stream"]
    assert remarks == ["refused, for nothing differs\n"]
