import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
project = "Admonitions"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser"]
myst_enable_extensions = ["colon_fence", "html_admonition"]
