count : Int32 = "not a number"
