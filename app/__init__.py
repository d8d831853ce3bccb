"""The Streamlit screens, the server that joins them with the demos and the API, and the command line."""
