"""The page as a PDF. WeasyPrint makes it and may load nothing."""

from __future__ import annotations

from typing import Any

from brandfit.errors import MissingExtra


def write(html: str) -> bytes:
    """A PDF with tags for screen readers. Raises MissingExtra without WeasyPrint, or without Pango, which
    draws its text."""
    weasyprint = needed()
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    # Pictures are data: URIs. Every other address is refused twice: by the fetcher and in ``fetch``.
    fetcher = URLFetcher(allowed_protocols=("data",))
    read = fetcher.fetch

    def fetch(url: str, headers: Any = None) -> Any:
        """The content of a data: URI. Any other address is an error, because a page of ``report.html`` has
        none."""
        if not url.lower().startswith("data:"):
            raise FatalURLFetchingError(f"A report loads nothing, and this asks for {url[:80]!r}.")
        return read(url, headers)

    fetcher.fetch = fetch
    page = weasyprint.HTML(string=html, url_fetcher=fetcher, base_url="about:blank")
    return page.write_pdf(pdf_tags=True)


def needed() -> Any:
    """The module WeasyPrint. Call it before a long computation: it raises MissingExtra."""
    try:
        import weasyprint
    except ImportError:
        raise MissingExtra("A report as PDF", "report") from None
    except OSError as error:
        # WeasyPrint is installed, but the system library for text is not.
        missing = MissingExtra("A report as PDF", "report")
        missing.hint = (
            f"WeasyPrint is here, Pango is not ({error}). "
            "On Debian and Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0"
        )
        raise missing from None
    return weasyprint
