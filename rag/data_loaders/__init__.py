"""Files -> text that knows where it stands. `parse_file` is what the product calls."""

from rag.data_loaders.limits import Limits
from rag.data_loaders.loaders import Csv, Docx, Html, Markdown, Pdf, Pptx, Txt, Xlsx
from rag.data_loaders.parse import parse_file

__all__ = ["Csv", "Docx", "Html", "Limits", "Markdown", "Pdf", "Pptx", "Txt", "Xlsx", "parse_file"]
