"""Where a model is placed and why, on machines that the test makes up."""

import subprocess
import sys

import pytest

from core.devices import Inventory, choose_placement, count_cores, read_cpu, read_process_bytes
from core.specs import Device, ModelSpec, Task
from core.wording import say

GB = 10**9
CPU = Device("cpu", 0, "x86_64", 16 * GB, 12 * GB)
NEW = Device("cuda", 0, "NVIDIA L4", 24 * GB, 20 * GB, has_native_bf16=True)
NEWER = Device("cuda", 1, "NVIDIA L40", 48 * GB, 44 * GB, has_native_bf16=True)
OLD = Device("cuda", 0, "Tesla T4", 16 * GB, 15 * GB)
FULL = Device("cuda", 0, "NVIDIA L4", 24 * GB, GB // 10, has_native_bf16=True)
APPLE = Device("mps", 0, "Apple GPU", 12 * GB, 10 * GB)
INTEL = Device("xpu", 1, "Arc A770", 16 * GB, 15 * GB, has_native_bf16=True)


def model(
    task: Task = "image-classification", source: str = "bundled", parameters: int = 1_000_000
) -> ModelSpec:
    return ModelSpec("m", task, "digits", "nowhere:Nothing", source, {"num_parameters": parameters})


def place(*accelerators: Device, **kind):
    placement = choose_placement(model(**kind), Inventory(CPU, accelerators))
    return placement.device, placement.dtype, str(say(placement.reason))


def test_without_a_graphics_card_it_runs_on_the_processor_and_says_so():
    assert place() == (
        "cpu",
        "float32",
        "This machine has no graphics card, so it runs on the processor.",
    )


def test_a_bundled_model_keeps_exact_numbers_on_a_graphics_card_and_says_why():
    device, dtype, reason = place(NEW)
    assert (device, dtype) == ("cuda:0", "float32")
    assert "NVIDIA L4" in reason
    assert "32-bit" in reason


def test_of_two_graphics_cards_the_one_with_more_free_memory_is_taken():
    for cards in ((NEW, NEWER), (NEWER, NEW)):
        device, _, reason = place(*cards)
        assert device == "cuda:1"
        assert reason.startswith("Of the 2 graphics cards, NVIDIA L40 has the most free memory (44.0 GB).")


def test_a_model_that_does_not_fit_runs_on_the_processor_and_says_what_is_missing():
    assert place(FULL) == (
        "cpu",
        "float32",
        "It needs 0.5 GB, but the graphics card has only 0.1 GB free. So it runs on the processor.",
    )
    assert "none of the 2 graphics cards" in place(FULL, FULL)[2]


@pytest.mark.parametrize(("card", "dtype"), [(NEW, "bfloat16"), (OLD, "float16"), (INTEL, "bfloat16")])
def test_a_big_model_takes_the_short_numbers_that_the_card_computes_natively(card: Device, dtype: str):
    device, chosen, reason = place(card, source="hub", parameters=10**9)
    assert (device, chosen) == (card.torch_name, dtype)
    assert "16-bit" in reason


def test_a_big_model_on_a_processor_keeps_32_bit_numbers():
    assert place(source="hub", parameters=10**9)[:2] == ("cpu", "float32")


def test_short_numbers_let_a_model_fit_that_would_not_fit_otherwise():
    assert place(NEW, source="hub", parameters=9 * 10**9)[0] == "cuda:0"  # 18 GB in 16 bits, 36 GB in 32
    assert place(NEW, source="hub", parameters=10 * 10**9)[0] == "cpu"


def test_an_apple_computer_is_used():
    device, dtype, reason = place(APPLE)
    assert (device, dtype) == ("mps", "float32")
    assert "Apple GPU" in reason
    assert place(APPLE, source="hub")[1] == "float16"


@pytest.mark.parametrize("task", ["tabular-classification", "tabular-generation"])
def test_a_bundled_table_model_is_placed_without_asking_for_graphics_cards(task: Task):
    device, dtype, reason = place(NEW, task=task)
    assert (device, dtype) == ("cpu", "float32")
    assert "processor" in reason


def test_placing_a_table_model_does_not_import_torch():
    code = (
        "import sys; from core.devices import choose_placement; from core.specs import ModelSpec;"
        "choose_placement(ModelSpec('m', 'tabular-classification', 'iris', ''));"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_reason_can_be_worded():
    cases = [
        place(*cards, source=source, parameters=parameters)
        for cards in ((), (NEW,), (NEW, OLD), (FULL,), (FULL, FULL), (APPLE,), (INTEL,))
        for source in ("bundled", "hub")
        for parameters in (10, 10**12)
    ]
    assert all("{" not in reason for _, _, reason in cases)


def test_this_machine_has_a_processor_memory_and_cores():
    cpu = read_cpu()
    assert cpu.torch_name == "cpu"
    assert 0 < cpu.free_bytes <= cpu.total_bytes
    assert count_cores() >= 1
    assert 1_000_000 < read_process_bytes() < cpu.total_bytes
