"""The module SampleData: takes what modules register and can fetch it."""

from __future__ import annotations

from typing import Any, Dict, List

import slicer

_sources: List[Dict[str, Any]] = []


class SampleDataLogic:
    """Registered sources are kept; `downloadSample` runs a source's own downloader."""

    @staticmethod
    def registerCustomSampleDataSource(category: str = "Custom", sampleName: str = "",
                                       **named: Any) -> None:
        _sources.append({"category": category, "sampleName": sampleName, **named})

    @staticmethod
    def sources() -> List[Dict[str, Any]]:
        return list(_sources)

    def downloadSample(self, sampleName: str) -> Any:
        source = next(s for s in _sources if s["sampleName"] == sampleName)
        downloader = source.get("customDownloader")
        if downloader is None:
            raise RuntimeError(f"The harness does not download {sampleName}")
        slicer.app.processEvents()
        return downloader(source)
