"""How the engine looks up what a statement names: files at a tree, symbols, commits, commands that really ran."""
