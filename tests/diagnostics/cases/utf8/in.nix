let groesse = 1; in "é ü 漢字" + { }
