package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	mode := "hello"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "hello":
		fmt.Println("Hello, world!")
	case "echo":
		io.Copy(os.Stdout, os.Stdin)
	case "args":
		for _, word := range os.Args[2:] {
			fmt.Println(word)
		}
	case "exit":
		os.Exit(7)
	case "crash":
		panic("on purpose")
	case "spin":
		for {
		}
	case "fill":
		all := [][]byte{}
		for {
			more := make([]byte, 1<<20)
			for i := range more {
				more[i] = 1
			}
			all = append(all, more)
		}
	case "read":
		data, err := os.ReadFile(os.Args[2])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Stdout.Write(data)
	}
}
