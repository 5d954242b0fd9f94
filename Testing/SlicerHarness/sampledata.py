"""The module SampleData: takes what modules register, with Slicer's parameters and no others."""

from __future__ import annotations

from typing import Any, Dict, List


class SampleDataSource:
    """One thing on offer; a click on its button calls customDownloader with the source."""

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)


_sources: Dict[str, List[SampleDataSource]] = {}


class SampleDataLogic:
    """The parameters are those that Slicer 5.8 and its present main branch have in common."""

    @staticmethod
    def registerCustomSampleDataSource(
        category: str = "Custom", sampleName: Any = None, uris: Any = None, fileNames: Any = None,
        nodeNames: Any = None, customDownloader: Any = None, thumbnailFileName: Any = None,
        loadFileType: Any = None, loadFiles: Any = None, loadFileProperties: Any = None,
        checksums: Any = None,
    ) -> None:
        source = SampleDataSource(
            sampleName=sampleName, uris=uris, fileNames=fileNames, nodeNames=nodeNames,
            customDownloader=customDownloader, thumbnailFileName=thumbnailFileName,
        )
        _sources.setdefault(category, []).append(source)

    @staticmethod
    def sampleDataSourcesByCategory(category: str) -> List[SampleDataSource]:
        return list(_sources.get(category, []))
