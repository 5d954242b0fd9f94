"""DICOM in and out: CT series, RT structure sets, RT doses and segmentations.

- series: a folder -> the CT series that is meant, as a volume, with its instances' UIDs
- rtstruct_read, planes, polygons: structure set -> masks on a CT's grid
- rtdose: RT dose -> Gy on its own grid
- rtstruct_write, outlines, roi_names: masks -> structure set on the planes of the CT's slices
- highdicom_files: DICOM segmentations, through highdicom
- read_service: any of these for an image that is open in 3D Slicer, by the worker
- pydicom_files: the only file that knows pydicom

Structure sets are read and written here and not through rt-utils (1.2.7), which rounds contours
to whole pixels, needs references that resolve, and brings OpenCV, which must not be put into 3D
Slicer; no other library was found that keeps contours exact. DICOM itself, its encodings and value
types are left to pydicom and highdicom, pixels and their compression to SimpleITK (GDCM).
"""
