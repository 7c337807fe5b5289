let a.b = 1; a.c = 2; "q r".s = 3; in a
