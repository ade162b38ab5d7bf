"""A page as a picture, looked at in a browser where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from moefit.formats.svg import svg
from moefit.formats.table import show
from tests.formats.test_table import small

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEASURE = """<html><body style="margin:0">%s<script>
const box = document.querySelector('svg').viewBox.baseVal;
const edges = [...document.querySelectorAll('text')].map(t => t.getBBox()).map(b => b.x + b.width);
const fill = getComputedStyle(document.querySelector('.moefit-back')).fill;
document.body.innerHTML = JSON.stringify({width: box.width, right: Math.max(...edges), count: edges.length, fill});
</script></body></html>"""


def picture(columns=92, command="moefit plan"):
    made = small("rtx-3060")
    return svg(lambda console: show(made, console), columns, command)


def looked_at(tmp_path, scheme):
    """What Chromium measures of the picture, on a system that is dark (0) or light (1)."""
    page = tmp_path / "page.html"
    page.write_text(MEASURE % picture())
    words = ["--headless", "--no-sandbox", "--disable-gpu", f"--blink-settings=preferredColorScheme={scheme}"]
    profile = f"--user-data-dir={tmp_path}/profile"
    done = subprocess.run(
        [CHROMIUM, *words, profile, "--dump-dom", page.as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return json.loads(re.search(r"\{.*\}", done.stdout)[0])


def test_a_picture_is_xml_and_fetches_nothing():
    text = picture()
    assert "svg" in ET.fromstring(text).tag
    assert [] == re.findall(r"url\((?!#)|<image|<script|https?://(?!www\.w3\.org)", text)


def test_a_picture_is_the_same_every_time():
    assert picture() == picture()


def test_a_picture_holds_the_page_and_its_command():
    text = re.sub(r"&#160;|\xa0", " ", picture(command="moefit plan m.gguf"))
    for told in ("$ moefit plan m.gguf", "weights", "as fast as --fit", "--fit off"):
        assert told in text


def test_the_command_line_wraps_inside_the_picture():
    columns = 60
    rows = ET.fromstring(picture(columns)).iter("{http://www.w3.org/2000/svg}text")
    assert max(len(row.text or "") for row in rows) <= columns


@pytest.mark.skipif(CHROMIUM is None, reason="no browser on this machine")
def test_a_browser_shows_it_whole_dark_and_light(tmp_path):
    dark, light = (looked_at(tmp_path, scheme) for scheme in (0, 1))
    assert dark["fill"] != light["fill"]
    assert dark["count"] > 50
    assert dark["right"] <= dark["width"]


def test_the_command_draws_it_without_its_secrets(tmp_path):
    out = tmp_path / "p.svg"
    line = ["--", "llama-server", "-m", "examples/qwen3-30b-a3b-q4_k_m.gguf", "--api-key", "hunter2"]
    words = ["plan", "--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8", "--svg", str(out), *line]
    subprocess.run([sys.executable, "-m", "moefit", *words], check=True, capture_output=True)
    drawn = out.read_text()
    assert ("hunter2" in drawn, "--svg" in drawn, "api-key" in drawn) == (False, False, True)
