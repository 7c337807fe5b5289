abort "told to ${toString 1}"
