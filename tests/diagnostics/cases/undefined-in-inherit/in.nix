{ inherit version; }
