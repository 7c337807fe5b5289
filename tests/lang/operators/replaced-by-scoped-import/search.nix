<some/file>
