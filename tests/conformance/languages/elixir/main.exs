defmodule Program do
  def run(["echo" | _]) do
    :ok = :io.setopts(:standard_io, [:binary, encoding: :latin1])
    echo()
  end

  def run(["args" | words]), do: Enum.each(words, &IO.puts/1)
  def run(["exit" | _]), do: System.halt(7)
  def run(["crash" | _]), do: raise("on purpose")
  def run(["spin" | _]), do: spin()
  def run(["fill" | _]), do: fill([])
  def run(["read", name]), do: IO.write(File.read!(name))
  def run(_), do: IO.puts("Hello, world!")

  defp echo do
    case :file.read(:standard_io, 65536) do
      {:ok, bytes} ->
        :ok = :file.write(:standard_io, bytes)
        echo()

      :eof ->
        :ok
    end
  end

  defp spin, do: spin()
  defp fill(all), do: fill([:binary.copy("x", 1_000_000) | all])
end

Program.run(System.argv())
