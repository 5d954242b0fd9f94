"""What is behind the module Contour Metrics; it speaks MRML and uses AutoContourRTCore.metrics."""
