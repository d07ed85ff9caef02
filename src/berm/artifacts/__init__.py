"""What is made once and used many times: compiled submissions, and what toolchains are prepared with."""
