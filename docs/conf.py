"""Configuration of the documentation; `make docs` builds it with every warning as an error."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "VibePiper"
author = "The VibePiper authors"
copyright = "The VibePiper authors, Apache License 2.0"
version = release = installed_version("vibepiper")

extensions = ["myst_parser", "language_reference", "diagnostic_pages"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# The generated fragments are included by pages, they are no pages.
exclude_patterns = ["_build", "_generated/*.md"]
# `vp`'s console sessions show output; colouring them as a shell session would stumble over it.
highlight_language = "none"
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "VibePiper"
html_static_path = ["_static"]
