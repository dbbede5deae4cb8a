"""The example notes: course notes with live figures of a real model."""

import sys
from pathlib import Path

# Small extensions beside this file make the reference page, and print measured numbers.
sys.path.insert(0, str(Path(__file__).parent / "_extensions"))
# Functions that return attention are in a folder of their own.
sys.path.insert(0, str(Path(__file__).parent / "models"))

project = "Notes on attention"
author = "The sphinx-attention authors"
copyright = "the sphinx-attention authors"
language = "en"

extensions = ["myst_parser", "sphinx_attention", "reference", "measured"]
exclude_patterns = ["_build", "_attention", "_extensions", "starters"]

# `id` names the model, and is part of every key in the store. `path` is the folder of the model on
# this machine, and is not part of keys. `make demo` downloads the model to this folder.
attention_model = "minilm"
attention_models = {
    "minilm": {
        "id": "sentence-transformers/all-MiniLM-L6-v2",
        "path": "../.models/all-MiniLM-L6-v2",
    },
    "nano": {"function": "nano_gpt:attention", "version": "1"},
}

numfig = True
numfig_format = {"figure": "Figure %s"}
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["notes.css"]
html_title = project

# The notes as a book, by `make pdf`. XeLaTeX sets every token for which there is a font.
latex_engine = "xelatex"
latex_use_xindy = False
latex_documents = [("index", "notes-on-attention.tex", project, author, "manual")]
latex_show_urls = "no"
latex_elements = {
    "papersize": "a4paper",
    "pointsize": "11pt",
    "extraclassoptions": "openany,oneside",
    "fncychap": "",
    # The index would be six pages of options of the command line.
    "printindex": "",
    "sphinxsetup": "TitleColor={HTML}{222222}, InnerLinkColor={HTML}{2F6AC4}, "
    "OuterLinkColor={HTML}{2F6AC4}",
    # Lines of 80 characters fit.
    "fvset": r"\fvset{fontsize=\footnotesize}",
    # Figures stand near their text, on pages that are full. Chapters begin high, and have the
    # font of sections.
    # Where a code block has letters of Hangul, the font of code has none.
    "preamble": r"""
\renewcommand\topfraction{.9}
\renewcommand\bottomfraction{.7}
\renewcommand\textfraction{.05}
\renewcommand\floatpagefraction{.75}
\setcounter{topnumber}{4}
\setcounter{bottomnumber}{2}
\setcounter{totalnumber}{6}
\makeatletter\setlength\@fptop{0pt}\makeatother
\makeatletter
\titleformat{\chapter}[display]{\Huge\py@HeaderFamily}%
  {\large\py@TitleColor\@chapapp\ \thechapter\py@NormalColor}{2pt}{\py@TitleColor}{\py@NormalColor}
\titlespacing*{\chapter}{0pt}{-12pt}{18pt}
\makeatother
\newenvironment{sphinxclassgallery-card}{\par\noindent\begin{minipage}{\linewidth}}{\end{minipage}\par}
\IfFontExistsTF{Noto Sans CJK KR}{%
  \newfontfamily\notesHangul{Noto Sans CJK KR}[Scale=MatchLowercase]
  \XeTeXinterchartokenstate=1
  \newXeTeXintercharclass\notesHangulClass
  \count255="AC00
  \loop\XeTeXcharclass\count255=\notesHangulClass
    \ifnum\count255<"D7A3 \advance\count255 by 1 \repeat
  \XeTeXinterchartoks 0 \notesHangulClass={\begingroup\notesHangul}
  \XeTeXinterchartoks 4095 \notesHangulClass={\begingroup\notesHangul}
  \XeTeXinterchartoks \notesHangulClass 0={\endgroup}
  \XeTeXinterchartoks \notesHangulClass 4095={\endgroup}
}{}
""",
}
