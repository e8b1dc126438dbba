package asl

func (p *parser) mapState(o *object, s *State, depth int) {
	processor := o.child("ItemProcessor")
	if legacy := o.child("Iterator"); processor == nil {
		processor = legacy
	}
	if processor == nil {
		p.fail(o.at, "A Map state needs an 'ItemProcessor'")
	} else {
		if c := processor.child("ProcessorConfig"); c != nil {
			switch mode := c.string("Mode"); mode {
			case "", "INLINE":
			case "DISTRIBUTED":
				s.Distributed = true
			default:
				p.fail(c.place("Mode"), "Value is not valid. Expected one of: INLINE, DISTRIBUTED")
			}
			c.string("ExecutionType")
			c.done()
		}
		s.Branches = []*Flow{p.flow(processor, depth+1)}
		processor.done()
	}
	if s.Language == JSONata {
		if v, ok := o.get("Items"); ok {
			s.items = p.compileJSONata(o.place("Items"), "Items", v)
		}
	} else if v, ok := o.get("ItemsPath"); ok {
		text, isString := v.(string)
		if !isString {
			p.fail(o.place("ItemsPath"), "The value for the field 'ItemsPath' must be a valid JSONPath")
		} else {
			s.items = p.pathNode(o.place("ItemsPath"), "ItemsPath", text)
		}
	}
	if v, ok := o.get("ItemSelector"); ok {
		if s.itemSelector != nil {
			p.fail(o.at, "Only one of 'ItemSelector' and 'Parameters' may be given")
		}
		s.itemSelector = p.template(o.place("ItemSelector"), "ItemSelector", s.Language, v)
	}
	s.concurrency = p.number(o, s.Language, "MaxConcurrency")
	s.toleratedCount = p.number(o, s.Language, "ToleratedFailureCount")
	s.toleratedShare = p.number(o, s.Language, "ToleratedFailurePercentage")
	p.reader(o, s)
	p.itemBatcher(o, s)
	s.label = o.string("Label")
}

func (p *parser) reader(o *object, s *State) {
	r := o.child("ItemReader")
	if r == nil {
		return
	}
	if !s.Distributed {
		p.fail(o.place("ItemReader"), "Field is only supported in a Map state of mode DISTRIBUTED")
	}
	s.itemReader = &itemReader{resource: r.string("Resource")}
	key := "Parameters"
	if s.Language == JSONata {
		key = "Arguments"
	}
	if v, ok := r.get(key); ok {
		s.itemReader.arguments = p.template(r.place(key), "ItemReader/"+key, s.Language, v)
	}
	if c := r.child("ReaderConfig"); c != nil {
		fields := map[string]any{}
		for k, v := range c.fields {
			// A path is read like the paths of any template.
			if k == "MaxItemsPath" && s.Language == JSONPath {
				k = "MaxItems.$"
			}
			fields[k] = v
		}
		s.itemReader.config = p.template(c.at, "ItemReader/ReaderConfig", s.Language, fields)
	}
	r.done()
}

func (p *parser) itemBatcher(o *object, s *State) {
	b := o.child("ItemBatcher")
	if b == nil {
		return
	}
	if !s.Distributed {
		p.fail(o.place("ItemBatcher"), "Field is only supported in a Map state of mode DISTRIBUTED")
	}
	s.batcher = &batcher{
		maxItems: p.number(b, s.Language, "MaxItemsPerBatch"),
		maxBytes: p.number(b, s.Language, "MaxInputBytesPerBatch"),
	}
	if s.batcher.maxItems == nil && s.batcher.maxBytes == nil {
		p.fail(b.at, "An ItemBatcher needs MaxItemsPerBatch or MaxInputBytesPerBatch")
	}
	if v, ok := b.get("BatchInput"); ok {
		s.batcher.input = p.template(b.place("BatchInput"), "ItemBatcher/BatchInput", s.Language, v)
	}
	b.done()
}
