"""How Sphinx makes the documentation: ``make docs``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

from whirlwind import _version

project = "whirlwind"
copyright = "the whirlwind authors"
version = release = _version.version

extensions = ["myst_parser", "limits_table"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "whirlwind"
html_static_path = ["_static"]
html_css_files = ["both.css"]
