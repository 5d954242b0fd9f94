"""AutoContourRTCore: contouring, metrics and corrective training without Slicer or Qt."""

__version__ = "0.1.0"
