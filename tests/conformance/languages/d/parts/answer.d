module answer;

int value()
{
    return 42;
}
