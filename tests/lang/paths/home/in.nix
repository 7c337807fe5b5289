[ ~/a ~/.config/b ]
