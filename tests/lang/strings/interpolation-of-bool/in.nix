"a ${true}"
