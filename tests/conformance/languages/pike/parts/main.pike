inherit "helper.pike";

int main()
{
  write("parts: %d\n", answer());
}
