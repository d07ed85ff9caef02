public static class Program
{
    public static void Main()
    {
        int count = "not a number";
    }
}
