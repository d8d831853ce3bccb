"""The data that ships with scikit-learn, their splits, and what a visitor brings: pictures, made safe."""
