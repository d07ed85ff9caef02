package main

import "fmt"

func main() {
	fmt.Println("parts:", answer())
}
