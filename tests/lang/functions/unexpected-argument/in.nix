({ apple, b ? 1 }: apple) { apple = 1; aple = 2; }
