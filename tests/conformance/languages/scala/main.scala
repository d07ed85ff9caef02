object Main {
  def main(args: Array[String]): Unit = args.headOption.getOrElse("hello") match {
    case "hello" => println("Hello, world!")
    case "echo" =>
      val block = new Array[Byte](65536)
      var n = System.in.read(block)
      while (n >= 0) {
        System.out.write(block, 0, n)
        n = System.in.read(block)
      }
      System.out.flush()
    case "args"  => args.drop(1).foreach(println)
    case "exit"  => sys.exit(7)
    case "crash" => throw new IllegalStateException("on purpose")
    case "spin"  =>
      var i = 0
      while (true) i += 1
    case "fill" =>
      var all = List.empty[Array[Byte]]
      while (true) all = new Array[Byte](100000) :: all
    case "read" => print(scala.io.Source.fromFile(args(1)).mkString)
  }
}
