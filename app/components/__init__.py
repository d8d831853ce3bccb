"""The building blocks that screens share: page skeleton, bars, pictures, drawing pad, patches. They draw, never decide."""
