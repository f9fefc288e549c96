"""Git as the shared memory of all lanes, behind one hardened gateway; nothing here writes to what is the user's."""
