throw "with ${toString 1}"
