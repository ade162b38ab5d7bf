from moefit.memory.rough import rough_compute
from tests import oracle
from tests.oracle.launches import launch

ROWS = [row for row in (*oracle.rows(), *oracle.extra_rows())[::5] if row.gpus]


def bound_and_recorded():
    for row in ROWS:
        told = launch(row)
        on, _ = rough_compute(oracle.model(row.model, row.quant), told.devices, told.settings, told.placement)
        for index, size in enumerate(on):
            if row.device(index).compute:
                yield size, row.device(index).compute


def test_an_encoder_counts_neither_logits_nor_a_cache():
    rows = [row for row in ROWS if row.gpus and row.model == "nomic-moe"]
    assert rows
    for row in rows:
        told = launch(row)
        on, _ = rough_compute(oracle.model(row.model, row.quant), told.devices, told.settings, told.placement)
        assert all(row.device(i).compute <= size <= 5 * row.device(i).compute for i, size in enumerate(on))


def test_the_bound_is_rarely_too_low_and_never_absurd():
    ratios = sorted(size / real for size, real in bound_and_recorded())
    too_low = sum(ratio < 1 for ratio in ratios)

    assert too_low < len(ratios) / 60
    assert ratios[len(ratios) // 2] < 2.5
    assert ratios[len(ratios) * 9 // 10] < 5
