void main()
{
    int count = "not a number";
}
