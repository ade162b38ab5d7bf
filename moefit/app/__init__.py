"""What a use case does with several rooms: it reads the world for the pure parts, and hands on what they say."""
