"enabled: ${true}"
