"""Dynamic resources: ResourceClaims and their templates, DeviceClasses, ResourceSlices, DeviceTaintRules."""
