void main () {
    stdout.printf ("parts: %d\n", answer ());
}
