"""`moefit calibrate`: what was measured of a machine."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console

from moefit.formats.page import Rows, columns
from moefit.machine.calibration import Calibration
from moefit.machine.calibration_json import to_json
from moefit.sizes import counted, format_bandwidth


def show_calibration(calibration: Calibration, path: str, console: Console) -> None:
    """A table of memory by threads and of links, and the file that keeps them."""
    table = columns()
    for column in ("", "reads", "decodes", "pinned", "pageable"):
        table.add_column(column, justify="left" if column == "" else "right")
    decoded = {rate.threads: format_bandwidth(rate.bandwidth) for rate in calibration.decoded}
    for rate in calibration.ram:
        threads = f"memory, {counted(rate.threads, 'thread')}"
        table.add_row(threads, format_bandwidth(rate.bandwidth), decoded.get(rate.threads, ""))
    for link in calibration.links:
        rates = (format_bandwidth(link.pinned), format_bandwidth(link.pageable))
        table.add_row(f"link to {link.description}", "", "", *rates)
    for server in calibration.servers:
        label = f"way to {server.address}, answered in {server.latency * 1e6:,.0f} us"
        table.add_row(label, "", "", format_bandwidth(server.bandwidth))
    console.print(Rows(table), crop=False)
    console.print(f"calibration {calibration.label}, saved in {path}", soft_wrap=True)


def calibration_json(calibration: Calibration, path: str, warnings: Sequence[str]) -> str:
    """The saved document, the file that keeps it, and what could not be measured."""
    document = {**to_json(calibration), "path": path, "warnings": list(warnings)}
    return json.dumps(document, indent=2) + "\n"
