"""Shared by the three modules: between MRML nodes and AutoContourRTCore, and the worker process.

No torch, no threads. Positions are RAS here and nowhere else in the project. A module takes
WorkerProcess, SegmentationRun, Dependencies, and whatever MrmlBridge gathers.

Limits:
- A volume under a bent transform (grid, B-spline) is refused; `hardenedCopy` resamples it.
- Segments on a grid that is not the volume's, shifted, flipped or with axes swapped, take the
  nearest voxel: no smoothing, and on a coarser grid thin structures can lose voxels. A note says
  so. Planar contours that SlicerRT loaded become voxels only where SlicerRT is installed; RtImport
  reads the files itself.
- Closed surfaces become voxels by Slicer's own conversion, after its smoothing: near, not exact.
- A turned ROI box is widened to a straight one.
- Temporary files of a run are removed at its end, and those of a crash by the next run. While a
  volume is handed over, its voxels lie in the temporary folder a second time, uncompressed.
- Texts written in Slicer's process can be translated. Those that come from AutoContourRTCore, with
  file names and values in them, stay English as they come.
- On Windows, nothing here has been run yet: killing (taskkill) and the search for leftovers rest
  on AutoContourRTCore.process_tree.
"""
