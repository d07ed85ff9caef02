function line(edge, fill,   i, text) {
    text = edge
    for (i = 0; i < $1 - 2; i++) text = text fill
    print text edge
}
{
    line("#", "#")
    for (row = 0; row < $2 - 2; row++) line("#", " ")
    line("#", "#")
}
