"""The page as a PDF, by WeasyPrint, which is told to fetch nothing."""

from __future__ import annotations

from typing import Any

from brandfit.errors import MissingExtra


def write(html: str) -> bytes:
    """A PDF with tags for screen readers. Raises MissingExtra where WeasyPrint, or Pango, by which it draws
    text, is not there."""
    weasyprint = needed()
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    fetcher = URLFetcher(allowed_protocols=("data",))
    read = fetcher.fetch

    def fetch(url: str, headers: Any = None) -> Any:
        """What a data: URI holds. A page of ours asks for nothing else, so one that does is not ours, and no
        PDF is made of it."""
        if not url.lower().startswith("data:"):
            raise FatalURLFetchingError(f"A report loads nothing, and this asks for {url[:80]!r}.")
        return read(url, headers)

    fetcher.fetch = fetch
    page = weasyprint.HTML(string=html, url_fetcher=fetcher, base_url="about:blank")
    return page.write_pdf(pdf_tags=True)


def needed() -> Any:
    """WeasyPrint, asked for before anything long begins."""
    try:
        import weasyprint
    except ImportError:
        raise MissingExtra("A report as PDF", "report") from None
    except OSError as error:
        missing = MissingExtra("A report as PDF", "report")
        missing.hint = (
            f"WeasyPrint is here, Pango is not ({error}). "
            "On Debian and Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0"
        )
        raise missing from None
    return weasyprint
