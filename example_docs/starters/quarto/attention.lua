-- Figures of attention in Quarto and pandoc: a filter that asks a Python program.
--
-- This file belongs beside _quarto.yml, which names it under `filters`. Python needs the package
-- sphinx-attention. The environment variable ATTENTION_PYTHON names another Python than `python3`.

local windows = package.config:sub(1, 1) == "\\"
local python = os.getenv("ATTENTION_PYTHON") or (windows and "python" or "python3")
local strict = (os.getenv("ATTENTION_STRICT") or "") ~= ""

local figures, marks, checks = pandoc.List(), pandoc.List(), pandoc.List()
local made = nil

-- Warn of a mistake. Pandoc fails with --fail-if-warnings, Quarto with ATTENTION_STRICT.
local function warn(text)
  if pandoc.log then
    pandoc.log.warn(text)
  else
    io.stderr:write("[WARNING] " .. text .. "\n")
  end
end

local function is_html()
  return FORMAT:match("html") ~= nil or FORMAT == "revealjs" or FORMAT == "slidy" or FORMAT == "dzslides"
end

local function options_of(block)
  local options = pandoc.List()
  for name, value in pairs(block.attributes) do
    options:insert({ name, value })
  end
  if block.identifier ~= "" then
    options:insert({ "name", block.identifier })
  end
  local classes = block.classes:filter(function(one)
    return one ~= "attention" and one ~= "attention-check"
  end)
  if #classes > 0 then
    options:insert({ "class", table.concat(classes, " ") })
  end
  return options
end

-- The kind of a mark: `text`{.attn-weight}, or {attn:weight}`text` as in MyST.
local function kind_of(code)
  for _, class in ipairs(code.classes) do
    local kind = class:match("^attn%-(%l+)$") or class:match("^attn:(%l+)$")
    if kind then
      return kind
    end
  end
end

local function note(code, kind)
  marks:insert({ kind = kind, text = code.text })
  return pandoc.Span({}, { ["attention-mark"] = tostring(#marks) })
end

local function collect(document)
  return document:walk({
    CodeBlock = function(block)
      if block.classes:includes("attention") then
        figures:insert({ options = options_of(block), body = block.text })
        return pandoc.Div({}, { ["attention-figure"] = tostring(#figures) })
      elseif block.classes:includes("attention-check") then
        checks:insert({ figure = block.attributes.figure or "", body = block.text })
        return {}
      end
    end,
    Inlines = function(inlines)
      local result = pandoc.List()
      for _, one in ipairs(inlines) do
        local last = result[#result]
        local kind = one.t == "Code" and kind_of(one)
        local before, named
        if one.t == "Code" and last and last.t == "Str" then
          before, named = last.text:match("^(.*){attn:(%l+)}$")
        end
        if kind then
          result:insert(note(one, kind))
        elseif named then
          result:remove()
          if before ~= "" then
            result:insert(pandoc.Str(before))
          end
          result:insert(note(one, named))
        else
          result:insert(one)
        end
      end
      return result
    end,
  })
end

local function ask()
  local file = PANDOC_STATE.input_files[1] or ""
  if quarto and quarto.doc and quarto.doc.input_file then
    file = quarto.doc.input_file
  end
  local question = { file = file, format = FORMAT, html = is_html(), figures = figures, marks = marks, checks = checks }
  local answer = pandoc.pipe(python, { "-m", "sphinx_attention.hosts.quarto" }, pandoc.json.encode(question))
  made = pandoc.json.decode(answer, false)
  for _, text in ipairs(made.messages) do
    warn(text)
  end
  for _, text in ipairs(made.notices) do
    -- Pandoc shows its own level of information only with --verbose.
    io.stderr:write("[INFO] " .. text .. "\n")
  end
  if strict and #made.messages > 0 then
    error(table.concat(made.messages, "\n"))
  end
end

local function figure_of(found)
  local caption = found.caption ~= "" and pandoc.read(found.caption, "markdown").blocks or pandoc.Blocks({})
  if found.error then
    return pandoc.Div({ pandoc.Para({ pandoc.Strong(found.text), pandoc.Space(), pandoc.Str(found.error) }) }, { class = "attention-placeholder" })
  end
  -- Quarto numbers a block whose name begins with fig-.
  local numbered = found.name:match("^fig%-") ~= nil
  if is_html() then
    local before, after = pandoc.RawBlock("html", found.before), pandoc.RawBlock("html", found.after)
    if numbered then
      local blocks = pandoc.Blocks({ before, after })
      blocks:extend(caption)
      return pandoc.Div(blocks, { id = found.name })
    end
    local blocks = pandoc.Blocks({ before })
    if #caption > 0 then
      blocks:insert(pandoc.RawBlock("html", "<figcaption>"))
      blocks:extend(caption)
      blocks:insert(pandoc.RawBlock("html", "</figcaption>"))
    end
    blocks:insert(after)
    return blocks
  end
  local inlines = pandoc.utils.blocks_to_inlines(caption)
  local image = pandoc.Image(found.alt, found.picture)
  if numbered and quarto then
    return pandoc.Para({ pandoc.Image(inlines, found.picture, "", { id = found.name }) })
  end
  local id = found.name ~= "" and found.name or nil
  return pandoc.Figure({ pandoc.Plain({ image }) }, { long = caption }, { id = id })
end

local function mark_of(found)
  if found.error then
    return pandoc.Span({ pandoc.Str(found.text) }, { class = "attention-problem" })
  elseif not found.href then
    return pandoc.Span({ pandoc.Str(found.text) }, { class = "attention-number" })
  end
  local text = pandoc.utils.blocks_to_inlines(pandoc.read(found.text, "markdown").blocks)
  local attributes = { class = "attention-focus" }
  if is_html() then
    attributes["data-selection"] = found.selection
  end
  return pandoc.Link(text, found.href, "", attributes)
end

local function insert(document)
  local result = document:walk({
    Div = function(div)
      local number = div.attributes["attention-figure"]
      return number and figure_of(made.figures[tonumber(number)]) or nil
    end,
    Span = function(span)
      local number = span.attributes["attention-mark"]
      return number and mark_of(made.marks[tonumber(number)]) or nil
    end,
  })
  if made.assets ~= "" then
    result.blocks:insert(1, pandoc.RawBlock("html", made.assets))
  end
  return result
end

function Pandoc(document)
  document = collect(document)
  if #figures + #marks + #checks == 0 then
    return nil
  end
  ask()
  document = insert(document)
  -- A caption may hold marks of its own.
  figures, marks, checks = pandoc.List(), pandoc.List(), pandoc.List()
  return document
end
