"beside plain"
